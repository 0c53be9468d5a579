"""OpenEnv both ways: any environment as a server, and a server as an environment (docs/openenv.md)."""
