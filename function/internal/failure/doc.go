// Package failure says how DPS and hubs failed, for answers: what they answered, why they did not, and why DPS refuses
// a device. Which error of the table that makes is for package function to say. Start reading at [Upstream].
package failure
