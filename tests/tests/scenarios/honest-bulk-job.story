story One person's bulk job that eight rules hear
rule hears-{n}, 8 of them
  takes s3 PutObjectTagging
  runs counter
function counter as counter-role

at 0s every 0.05s, 2000 times ann: s3 PutObjectTagging on photos/p-{n} reviewed=yes
batches of 50

expect hears-{n} at most suspect
