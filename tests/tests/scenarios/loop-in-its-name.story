story A function updates a stack, and CloudFormation makes the call in its name
rule keep-policy
  takes s3 PutBucketPolicy
  runs stack-updater
function stack-updater as stack-updater-role within 60s
  answers after 30s: s3 PutBucketPolicy on {resource} policy=standard through cloudformation

at 0s ann: s3 PutBucketPolicy on site policy=open

expect keep-policy cut by surplus after 9 firings
