"""/api/v1/tracks, /recordings, /artwork and /artists."""

from companion.catalogue.views import artists, recordings, tracks
from companion.catalogue.views.api import api

__all__ = ["api", "artists", "recordings", "tracks"]
