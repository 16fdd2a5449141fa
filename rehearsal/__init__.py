"""A whole environment on one machine: emulated control plane, real data plane, real traffic."""
