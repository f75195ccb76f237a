"""What every feature stands on: settings, problems, keys, limits, telemetry, packs."""
