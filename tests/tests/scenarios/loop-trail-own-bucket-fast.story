story Trail that logs its own bucket, 10 times a second
rule log-written
  takes s3 PutObject
  runs indexer
function indexer as indexer-role

at 0s every 0.1s, 1000 times cloudtrail.amazonaws.com: s3 PutObject on logs/trail-{n}

expect log-written suspect
