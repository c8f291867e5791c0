"""Reports as pages: one self-contained file each, without scripts or pictures from anywhere else."""
