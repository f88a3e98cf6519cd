package process

import "syscall"

const quit = syscall.SIGQUIT // Go's runtime writes the stacks then
