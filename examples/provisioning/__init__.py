"""The scripted identity provider of provision.py."""
