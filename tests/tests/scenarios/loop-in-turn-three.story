story Ring of three buckets, a turn every 20 s
rule hand-on
  takes s3 PutBucketTagging
  runs mirror
function mirror as mirror-role
  answers after 20s, about red only: s3 PutBucketTagging on green owner=ann
  answers after 20s, about green only: s3 PutBucketTagging on blue owner=ann
  answers after 20s, about blue only: s3 PutBucketTagging on red owner=ann

at 0s ann: s3 PutBucketTagging on red owner=bob

expect hand-on cut by surplus after 23 firings
