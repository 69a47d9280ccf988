package record

//go:generate go run ../../internal/genrecords -out . record.proto
