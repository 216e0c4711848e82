"""A whole centre, its processes and its Redis killed and stopped at random, and what its pages saw meanwhile."""
