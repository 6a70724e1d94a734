"""Survey files as they are: one module a format, all of them giving one neutral `SurveyFile`."""
