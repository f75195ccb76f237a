"""Model packs: manifests, contracts, and converters of foreign model files."""
