"""What is tried with the lecture's code: the main job, baselines, ablations."""
