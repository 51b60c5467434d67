"""What people look at: plots, diagrams, widgets."""
