"""What can go wrong on the box, in three kinds: the user's input, the machine, our own bug."""

import os


class RackdeckError(Exception):
    """A failure with a sentence for the user. `exit_status` is what a command ends with."""

    exit_status = 1


class InputError(RackdeckError):
    """The user asked for something that does not exist or is out of range."""

    exit_status = os.EX_USAGE


class ConfigError(RackdeckError):
    """A setting is wrong; restarting will not help (systemd units know this status)."""

    exit_status = os.EX_CONFIG


class MachineError(RackdeckError):
    """Something the machine should offer is missing: a server, a device, space, a right."""

    exit_status = os.EX_UNAVAILABLE
