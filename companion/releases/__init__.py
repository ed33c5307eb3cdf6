"""Where each release stands on its way to the stores."""
