"""The window: SDL on a desktop or straight on the screen, or off screen where there is none."""

import logging
import os

import pygame

from device.errors import MachineError
from display.layout import SMALLEST

log = logging.getLogger(__name__)
TITLE = "Rackdeck"
NO_SCREEN = ("offscreen", "dummy")


class Window:
    """Owns SDL's display. `surface` is what is drawn on; `off_screen` says that nobody can see it."""

    def __init__(self, size: tuple[int, int], fullscreen: bool, off_screen: bool = False):
        # A touch is a touch, and not also a mouse.
        os.environ["SDL_TOUCH_MOUSE_EVENTS"] = "0"
        os.environ["SDL_MOUSE_TOUCH_EVENTS"] = "0"
        os.environ.setdefault("SDL_VIDEO_ALLOW_SCREENSAVER", "0")
        self._windowed = size
        self.fullscreen = fullscreen and not off_screen
        self.off_screen = off_screen
        self._before = os.environ.get("SDL_VIDEODRIVER")
        if off_screen:
            self._open_off_screen()
        else:
            self._open()
        if self.off_screen and not off_screen and self._before not in NO_SCREEN:
            log.info("no screen was found: drawing off screen (SDL_VIDEODRIVER=dummy)")

    def _open(self) -> None:
        try:
            pygame.display.init()
            if pygame.display.get_driver() in NO_SCREEN:
                self._open_off_screen()
            else:
                self._show()
        except pygame.error as exc:
            log.debug("SDL has no screen: %s", exc)
            self._open_off_screen()

    def _open_off_screen(self) -> None:
        pygame.display.quit()
        os.environ["SDL_VIDEODRIVER"] = "dummy"
        self.off_screen, self.fullscreen = True, False
        try:
            pygame.display.init()
            self._show()
        except pygame.error as exc:
            raise MachineError(f"SDL can not even draw off screen ({exc}); reinstall pygame-ce") from exc

    def _show(self) -> None:
        if pygame.display.get_driver() == "x11":
            # X takes pictures from shared memory in 0.3 ms; SDL's detour by OpenGL took 10 to 20 ms without a GPU.
            os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
        if self.fullscreen:
            self.surface = pygame.display.set_mode((0, 0), pygame.FULLSCREEN)
        else:
            self.surface = pygame.display.set_mode(self._windowed, 0 if self.off_screen else pygame.RESIZABLE)
        pygame.display.set_caption(TITLE)
        pygame.mouse.set_visible(not self.fullscreen)

    @property
    def size(self) -> tuple[int, int]:
        """Pixels."""
        return self.surface.get_size()

    def resized(self) -> None:
        """The user changed the window's size."""
        self.surface = pygame.display.get_surface() or self.surface
        if not self.fullscreen:
            width, height = self.surface.get_size()
            self._windowed = (max(width, SMALLEST[0]), max(height, SMALLEST[1]))

    def flip_fullscreen(self) -> None:
        """Full screen, or a window again."""
        if not self.off_screen:
            self.fullscreen = not self.fullscreen
            self._show()

    def present(self, changed: list[pygame.Rect]) -> None:
        """Bring what was drawn to the screen."""
        if changed:
            pygame.display.update(changed)

    def close(self) -> None:
        """Give the screen back."""
        pygame.display.quit()
        if self._before is None:
            os.environ.pop("SDL_VIDEODRIVER", None)
        else:
            os.environ["SDL_VIDEODRIVER"] = self._before
