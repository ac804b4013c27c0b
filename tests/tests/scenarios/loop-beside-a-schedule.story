story Converter that a schedule wakes each hour, too: a new object each turn, every 20 s
rule convert
  takes s3 PutObject
  runs converter
rule hourly
  wakes by cron(10 * * * ? *)
  runs converter
function converter as converter-role
  answers after 20s, to kind=clip only: s3 PutObject on media/clip-{n} kind=clip

at 10m every 1h, 5 times converter: s3 PutObject on media/index-{n} kind=index
at 150m ann: s3 PutObject on media/first kind=clip

expect convert cut by turns after 32 firings
expect hourly left alone
