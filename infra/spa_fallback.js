// Viewer request of the default behaviour: a path of the app's router gets index.html, a file its own.
// A path whose last part holds a dot is a file: a missing script must stay a 404, not become a page.
// ECMAScript 5.1: CloudFront's runtime knows only parts of what came later.
function handler(event) {
  var request = event.request;
  var last = request.uri.substring(request.uri.lastIndexOf('/') + 1);
  var isFile = last.indexOf('.') !== -1 || request.uri.indexOf('/.well-known/') === 0;
  if (!isFile) {
    request.uri = '/index.html';
  }
  return request;
}
