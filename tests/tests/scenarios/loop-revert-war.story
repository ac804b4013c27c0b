story Revert war of two rules on one call
# Both rules wait for the same call; each function puts back what the other one changed.

rule keep-open
  takes s3 PutBucketAcl
  runs opener
rule keep-closed
  takes s3 PutBucketAcl
  runs closer
function opener as opener-role
  answers after 20s, to acl=closed only: s3 PutBucketAcl on {resource} acl=open
function closer as closer-role
  answers after 30s, to acl=open only: s3 PutBucketAcl on {resource} acl=closed

at 0s ann: s3 PutBucketAcl on uploads acl=open
lasts 1h

expect keep-open at most suspect
expect keep-closed cut by cycle after 16 firings
