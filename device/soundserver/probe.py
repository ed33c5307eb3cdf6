"""Asks one JACK server how it is, in a process of its own: libjack waits for ever on a server that hangs.

`python -m device.soundserver.probe` prints one JSON object. The server's name comes from JACK_DEFAULT_SERVER.
"""

import importlib
import json
import sys


def ask() -> dict[str, object]:
    """The server's state as `ServerState` has it, less the name."""
    try:
        jack = importlib.import_module("jack")
    except ImportError:
        return {"state": "no library", "detail": "the Python package jack-client is not installed"}
    except OSError as exc:
        return {"state": "no library", "detail": str(exc)}
    heard: list[str] = []
    jack.set_error_function(heard.append)
    jack.set_info_function(lambda _: None)
    try:
        client = jack.Client("rackdeck-probe", no_start_server=True)
    except jack.JackOpenError as exc:
        if exc.status.server_failed:
            return {"state": "absent"}
        return {"state": "refused", "detail": "; ".join([*heard, str(exc)])}
    with client:
        outputs = client.get_ports(is_physical=True, is_audio=True, is_input=True)
        mains = client.get_ports("^rackdeck[^:]*:main_(left|right)$")
        return {
            "state": "running",
            "rate": client.samplerate,
            "period": client.blocksize,
            "realtime": client.realtime,
            "outputs": len(outputs),
            "wired": all(client.get_all_connections(port) for port in mains) if mains else None,
        }


if __name__ == "__main__":
    json.dump(ask(), sys.stdout)
