"""Inside the kernel: observe runs, record them, restore states, replay. Attached to a stock IPython kernel."""
