"""Real kernels that start at once: forked from a process that has imported what a kernel imports."""
