"""Records: what a model is asked to write as a JSON object, how it is read, and how nothing else can be written."""
