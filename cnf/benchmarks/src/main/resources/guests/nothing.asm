; Starts and ends: what a run costs before its kernel begins.
kernel: ret
