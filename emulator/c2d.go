package emulator

import "time"

type queue struct{}

func (q *queue) depth(time.Time) int { return 0 }

type upload struct{}
type store struct{ limit int64 }

func (c *call) routeDevicebound(rest []string) func(*call) reply { return (*call).notFound }
func (c *call) startUpload() reply                               { return c.notFound() }
func (c *call) endUpload() reply                                 { return c.notFound() }
func (c *call) putBlob() reply                                   { return c.notFound() }
