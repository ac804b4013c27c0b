story A day of sales: five times as many as the weeks before
rule orders
  takes states StartExecution
  runs order-counter
  fired 60 a minute for 14d
function order-counter as order-counter-role

at 0s every 0.2s, 1500 times shop/checkout: states StartExecution on order-{n}
batches of 20

expect orders at most suspect
