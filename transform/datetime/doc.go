// Package datetime reads times that cannot be told from their text alone: 14/03/26 9:26:53 PM, where somebody has to
// say which number is the day, and objects such as {"year": 2026, "month": 3, "day": 14}.
//
// It knows order and form only. What message.ParseTime reads by itself is left to it: zones, fractions, epochs. Start
// at ParsePattern and at Object.
package datetime
