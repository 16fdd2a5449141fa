"""What runs on this machine: processes, ports, certificates, servers and tasks."""
