story Trail that logs its own bucket, every 20 s
# CloudTrail itself makes the call, and that is no target. It is found by its steady rate.

rule log-written
  takes s3 PutObject
  runs indexer
function indexer as indexer-role

at 0s every 20s, 60 times cloudtrail.amazonaws.com: s3 PutObject on logs/trail-{n}

expect log-written suspect
