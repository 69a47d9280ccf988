// Package cluster holds no program, only tests and a benchmark of several servers on one
// Cassandra cluster: clients send, recall and pull through whichever server answers, while
// servers and nodes are killed, stopped for a while and cut off from each other. Whether
// everything that was acknowledged is still so is looked at afterwards at every server, and
// a model is asked whether all that was answered on the way can be so.
package cluster
