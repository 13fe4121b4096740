"""Operation of a home: backups and their restoration."""
