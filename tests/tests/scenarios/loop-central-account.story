story Loop through the bus of another account, a turn every 20 s
rule forward-to-central
  takes s3 PutBucketPolicy
  sends to bus central

at 0s ann: s3 PutBucketPolicy on site policy=open
at 20s every 20s, 120 times central-role/Custodian: s3 PutBucketPolicy on site policy=tls

expect forward-to-central suspect
