"""The first-contact family: resolution, access, digital share, health promotion, revolving clients."""
