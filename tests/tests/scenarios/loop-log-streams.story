story A cold function opens a log stream each turn, every 30 s
rule new-streams
  takes logs CreateLogStream
  runs subscriber
function subscriber as subscriber-role
  answers after 30s: logs CreateLogStream logGroupName=/aws/lambda/subscriber logStreamName=stream-{n}

at 0s ann: logs CreateLogStream logGroupName=/aws/lambda/web logStreamName=one

expect new-streams cut by turns after 20 firings
