"""The prediction service: scores and reasons in real time, children by scope, and a log of who saw whom.

It knows files and tables only; what they are called is passed in by `qhawaq serve`.
"""
