package media

import "mayfly/transform/message"

func position(body []byte, offset int64) string { return message.Position(body, offset) }
