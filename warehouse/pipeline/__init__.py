"""The steps of the main job, called alike by the command line and by an orchestrator's tasks."""
