// Package ble reads the advertisements of Bluetooth Low Energy sensors as gateways pass them on: Ruuvi's data formats
// 3, 5, 6 and E1, and BTHome version 2.
//
// It reads whole advertisements, and what they hold of these senders. It decrypts nothing. Values that a sensor marks
// as not available are left out. Start reading at Decode.
package ble
