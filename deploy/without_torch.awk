# Prints a lock without torch, torchvision and what only their CUDA builds need.
/^[A-Za-z0-9]/ { skipped = /^(torch|torchvision|triton|nvidia-[a-z0-9-]*|cuda-[a-z0-9-]*)==/ }
!skipped
