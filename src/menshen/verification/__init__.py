"""Is the person in front of the camera the one they say they are? Sessions and decisions."""
