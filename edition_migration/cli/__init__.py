"""The command line `starter.py`. Its door is `app.build_app`; importing it loads nothing heavy, so help is quick."""
