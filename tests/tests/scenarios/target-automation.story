story Loop of an automation document
rule fix-acl
  takes s3 PutBucketEncryption, DeleteBucketEncryption
  runs fixer
automation fixer as fixer-role
  answers after 25s: s3 PutBucketEncryption on {resource} algorithm=AES256

at 0s ann: s3 DeleteBucketEncryption on uploads

expect fix-acl cut by surplus after 9 firings
