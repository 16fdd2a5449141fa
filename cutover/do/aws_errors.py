"""What an error of AWS means: ask again, or don't."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    MetadataRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ResponseStreamingError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)
from botocore.parsers import ResponseParserError

from cutover.do.world import Refused, Unavailable

# botocore's own list (retries/standard.py) without LimitExceededException, which in ECS and
# Application Auto Scaling is a quota; and what a second writer at the same moment is told.
_AGAIN = {
    *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException"),
    *("TooManyRequestsException", "ProvisionedThroughputExceededException", "RequestThrottled"),
    *("RequestLimitExceeded", "BandwidthLimitExceeded", "SlowDown", "PriorRequestNotComplete"),
    *("RequestTimeout", "RequestTimeoutException"),
    *("TransactionInProgressException", "ConcurrentUpdateException"),
}
_DENIED = {
    *("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"),
    *("AuthorizationErrorException", "NotAuthorized"),
}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_UNKNOWN = {
    *("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidAccessKeyId"),
    *("SignatureDoesNotMatch", "InvalidSignatureException", "MissingAuthenticationToken"),
}
# SigV4's words for a time that is minutes away from AWS's; the code is the one of a wrong key.
_SKEWED = ("Signature expired", "Signature not yet current", "RequestTimeTooSkewed")
_NO_ANSWER = (
    *(ConnectionError, HTTPClientError, IncompleteReadError, ResponseStreamingError),
    *(MetadataRetrievalError, ResponseParserError),
)
_LOGGED_OUT = (
    *(NoCredentialsError, PartialCredentialsError, CredentialRetrievalError),
    *(SSOError, TokenRetrievalError, NoAuthTokenError),
)

# Of a certificate, not of a connection that was lost in the middle of the handshake.
_UNCHECKED = ("CERTIFICATE_VERIFY_FAILED", "No such file or directory")

AwsError = (
    *(ClientError, BotoCoreError, ResponseParserError),
    # What botocore lets through: an address that is none, credentials of the environment that are
    # over or have an end that is no time, a credential_process that is missing or prints no JSON.
    *(ValueError, RuntimeError, FileNotFoundError, PermissionError),
)
"""All that a client of boto3 raises, when it is made or called, for what is not our mistake."""


def explained(error: Exception, action: str) -> Unavailable | Refused:
    """The same error as one sentence; `action` is IAM's name of the call, `ecs:RunTask`."""
    if isinstance(error, ClientError):
        return _answered(error, action)
    text = _plain(str(error))
    if isinstance(error, SSLError) and any(words in text for words in _UNCHECKED):
        return Refused(
            f"nobody vouches for who answers {action} ({text}); check AWS_CA_BUNDLE, and what "
            "stands between this machine and AWS"
        )
    if isinstance(error, _NO_ANSWER):
        return Unavailable(f"{action} got no answer from AWS: {text}")
    if isinstance(error, ProfileNotFound):
        return Refused(
            f"{text}; set AWS_PROFILE to one that `aws configure list-profiles` names, or unset it"
        )
    if isinstance(error, _LOGGED_OUT):
        return Refused(f"there are no AWS credentials for {action}: {text}; log in, then try again")
    if isinstance(error, NoRegionError):
        return Refused("no AWS region is chosen; set AWS_REGION to the environment's region")
    if isinstance(error, RuntimeError) and "still expired" in text:
        return Refused(f"the AWS credentials have expired ({action} was not sent); log in again")
    if isinstance(error, ParamValidationError):
        return Refused(f"{action} was not sent to AWS: {text}")
    return Refused(
        f"{action} was not sent to AWS: {text}; check the variables that begin with AWS_, and the "
        "profile"
    )


def error_code(error: BaseException) -> str:
    """AWS's code of what is behind an Unavailable or Refused; "" when AWS gave no answer."""
    cause = error.__cause__
    return cause.response["Error"].get("Code", "") if isinstance(cause, ClientError) else ""


def _answered(error: ClientError, action: str) -> Unavailable | Refused:
    code = error.response["Error"].get("Code", "")
    message = _plain(error.response["Error"].get("Message", "")) or "no reason given"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _AGAIN or status == 429 or status >= 500:
        return Unavailable(f"AWS can't take {action} now ({code}: {message})")
    if any(words in f"{code}: {message}" for words in _SKEWED):
        return Refused(
            f"this machine's clock is too far from AWS's for {action} ({message}); set the clock "
            "(chrony, or another NTP client), then try again"
        )
    if code in _EXPIRED:
        return Refused(f"the AWS credentials have expired ({action}: {code}); log in again")
    if code in _UNKNOWN:
        return Refused(
            f"AWS does not know the credentials of {action} ({code}: {message}); check AWS_PROFILE "
            "or the keys in the environment"
        )
    if code in _DENIED:
        return Refused(
            f"AWS denies {action} ({message}); allow it for the role that runs cutover, or use "
            "that role"
        )
    return Refused(f"AWS refuses {action} ({code}: {message})")


def _plain(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
