"""The composition root, the only place that knows adapters. A module a door: worker, web, command line."""
