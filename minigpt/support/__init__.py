"""What every room needs: errors, files, tensors, devices, words."""
