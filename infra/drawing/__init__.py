"""The pictures that infra/render.py draws."""
