"""A small shop with every trap: orphans, NULL keys, repeats, roles and three kinds of time."""

from __future__ import annotations

ROOT = """
version: 1
name: shop
engines: {local: {type: duckdb, path: shop.duckdb}}
time_zone: America/New_York
"""

MODELS = """
version: 1
models:
  regions:
    table: regions
    key: region_id
    dimensions: {name: , region_id: }
    measures: {region_count: count(*)}
  customers:
    table: customers
    key: customer_id
    time: signed_up
    dimensions:
      name:
      segment:
      customer_id:
      signed_up: {type: time, grain: day}
      region_name: region.name
      turn: rank() over (order by credit)
      channel: "'shop'"
      known_as: coalesce(segment, 'unknown')
      is_placed: region_id is not null
      size: case when segment = 'enterprise' then 'large' else 'small' end
      place_known_as: coalesce(region.name, 'nowhere')
    measures:
      customer_count: count(*)
      credit: sum(credit)
      lowest_credit: min(credit)
    joins:
      region: regions
      profile: profiles
  profiles:
    table: profiles
    key: customer_id
    dimensions: {vip: , tier: }
    measures: {profile_count: count(*)}
  users:
    table: users
    key: user_id
    dimensions: {name: , team: }
    measures: {user_count: count(*)}
  orders:
    table: orders
    key: order_id
    time: created_at
    where: not is_test
    dimensions:
      order_id:
      status:
      amount:
      note:
      created_at: {type: time, grain: second}
      refunded_on: {type: time, grain: day}
      urgent: "status = 'open' or amount > 90"
      place: region.name
      region_name: customer.region_name
      one: "1"
      clock_hour: extract(hour from created_at)
      ratio: amount / (quantity - 1)
      thirds: quantity // (quantity - 3)
      turn: row_number() over (partition by customer_id order by amount desc, order_id)
      is_first_turn: turn = 1
      buyer_turn: customer.turn
      at_night: clock_hour < 5
      plan_then: plan.tier
      since_the_hour: created_at - created_at.hour
    measures:
      revenue: sum(amount)
      orders: count(*)
      avg_amount: avg(amount)
      median_amount: median(amount)
      buyers: count(distinct customer_id)
      units: sum(quantity)
      weight: sum(weight)
      largest: max(amount)
      best_orders: sum(case when turn = 1 then amount end)
      running: sum(amount) over (order by order_id rows between unbounded preceding and current row)
      place_in_status: rank() over (partition by status order by amount desc)
      price: sum(amount) / sum(refund)
      dear_rows: count_if(amount / refund > 10)
      well_paid: count_if(amount > 60)
      minutes_since: >-
        sum(date_diff('minute', created_at,
        cast('2024-11-03 12:00:00+00:00' as timestamptz)))
      first_order: min(created_at)
      paid_revenue: {expr: sum(amount), where: status = 'paid'}
      paid_orders: {expr: count(*), where: status = 'paid'}
      either_orders: {expr: count(*), where: "status = 'paid' or status = 'open'"}
      filled_revenue: {expr: "coalesce(sum(amount), 0)", where: status = 'paid'}
      north_orders: {expr: count(*), where: customer.region.name = 'North'}
      refunds: {expr: sum(refund), time: refunded_on}
      typical_paid:
        expr: percentile_cont(0.5) within group (order by amount)
        where: status = 'paid'
      paid_large: {expr: count(*) filter (where amount > 60), where: status = 'paid'}
      alike: {expr: "corr(amount, refund) filter (where amount > 0)", where: "status <> 'void'"}
      typical_paid_large:
        expr: percentile_cont(0.5) within group (order by amount) filter (where amount > 60)
        where: status = 'paid'
    joins:
      plan:
        {to: plans, on: customer_id = plans.customer_id, valid: [since, until], at: created_at}
      customer: customers
      region: {to: regions, on: ship_region_id = region_id}
      seller: {to: users, on: seller_id = user_id}
      approver: {to: users, on: approver_id = user_id}
      payments: {to: payments, on: order_id = payments.order_id}
      labels: {to: labels, through: order_labels}
      band: {to: bands, on: "amount >= bands.low and amount < coalesce(bands.high, 1000)"}
      badge: {to: badges, on: customer_id = badges.customer_id and badges.vip}
    segments:
      unpriced: amount is null
      big: amount >= 50
      dear: amount >= param.floor
      recent: created_at.day >= param.since
      big_at_night: big and at_night
      from_north: customer.region.name = 'North'
  items:
    table: items
    key: [order_id, line]
    dimensions:
      line:
      quantity:
      bulky: product.weight > 5 or quantity > 9
      money_back_on: {expr: order.refunded_on, type: time, grain: day}
    measures:
      item_count: count(*)
      pieces: sum(quantity)
      ordered_value: sum(order.amount)
    joins:
      order: {to: orders, on: order_id}
      product: products
    segments: {several: quantity > 1}
  products:
    table: products
    key: product_id
    dimensions: {name: , weight: , region_name: weight}
    measures: {product_count: count(*)}
    joins: {category: categories}
  categories:
    table: categories
    key: category_id
    where: not hidden
    dimensions: {name: }
  payments:
    table: payments
    key: payment_id
    dimensions: {method: , pay_currency: "'EUR'"}
    measures: {paid: sum(paid)}
  visits:
    table: visits
    key: visit_id
    time: day
    dimensions:
      day: {type: time, grain: day}
      day_name: day
      channel:
      pages:
    measures:
      visits: count(*)
      pages_seen: sum(pages)
    joins: {customer: customers}
  bands:
    table: bands
    dimensions: {band_name: name, label: "coalesce(name, 'none')"}
    measures: {bands: count(*)}
  badges:
    table: profiles
    key: customer_id
    dimensions: {level: "coalesce(tier, 0)"}
  ledger:
    sql: |
      select order_id, created_at at time zone 'UTC' as booked, amount from orders where not is_test
    key: order_id
    time: booked
    dimensions: {booked: {type: time, grain: month}}
    measures: {booked_amount: sum(amount)}
  sessions:
    table: sessions
    time: started_at
    dimensions:
      started_at: {type: time, grain: second}
      first_visit_on: {type: time, grain: day}
      device:
    measures: {visitors: count(distinct customer_id)}
    joins: {customer: customers}
  tickets:
    sql: select ticket_id, customer_id, opened_at, minutes from tickets where not spam
    key: ticket_id
    time: opened_at
    dimensions:
      opened_at: {type: time, grain: minute}
      minutes:
    measures:
      tickets: count(*)
      minutes: sum(minutes)
    joins: {customer: customers}
  accounts:
    table: accounts
    unique: [[customer_id]]
    dimensions: {plan: }
    measures: {balance: sum(balance)}
    joins: {orders: {to: orders, on: customer_id = orders.customer_id}}
  oddities:
    table: '"odd table"'
    key: id
    dimensions:
      label: '"we""ird column"'
      i0: '"we""ird column"'
      k0: '"select"'
      words: '"select" || '' or '' || "we""ird column"'
    measures:
      odd_count: count(*)
      odd_sum: sum("select")
      odd_paid: {expr: count(*), where: '"select" > 1'}
  tills:
    table: tills
    dimensions:
      till_id:
      opens_at:
      opens_early: opens_at < '09:00'
    measures: {tills: count(*), last_opening: max(opens_at)}
  order_labels:
    table: order_labels
    dimensions: {set_by: }
    joins: {order: {to: orders, on: order_id}, label: labels}
  labels:
    table: labels
    key: label_id
    dimensions: {caption: , kind: , always: "'label'"}
    measures: {label_count: count(*)}
  plans:
    table: plans
    key: [customer_id, since]
    dimensions: {tier: , since: }
  stocks:
    table: stocks
    key: [item, day, shelf]
    time: day
    dimensions:
      item:
      shelf:
      held:
      day: {type: time}
    measures:
      stock: {expr: sum(held), last_by: day, per: item}
      opening_stock: {expr: sum(held), first_by: day}
      stock_of_many: {expr: sum(held), last_by: day, per: [item, shelf], where: held > 2}
      shelves: {expr: count(distinct shelf), last_by: day}
    joins:
      checks:
        to: checks
        on: item = checks.item and day = checks.day and shelf = checks.shelf
  checks:
    table: checks
    key: check_id
    dimensions: {checker: }
  calls:
    table: calls
    key: call_id
    time: called_at
    dimensions:
      caller:
      patience:
      called_at: {type: time, grain: minute}
      soon: {expr: called_at + interval '90 minutes', type: time, grain: minute}
      next_day: {expr: "date_add(called_at, interval 1 day)", type: time, grain: minute}
      lost_at: {expr: called_at + patience, type: time, grain: minute}
    measures: {calls: count(*)}
  replies:
    table: replies
    key: reply_id
    time: replied_at
    dimensions: {replied_at: {type: time, grain: minute}}
    measures: {replies: count(*), answered: count(distinct caller)}
    joins: {origin: {to: calls, on: call_id}}
  constants:
    table: constants
    dimensions: {word: }
    measures: {constant_count: count(*)}
parameters:
  floor: {type: integer, default: 40}
  state: {type: string, default: paid, allowed: [paid, open, void]}
  rate: {type: number, default: 2, description: What money is worth}
  since: {type: date, default: 2024-11-01}
  counted: {type: boolean, default: true}
calendars:
  retail: {table: retail, day: day, grains: {fiscal_week: week_start, season: season}}
  trade: {table: trade, day: day, grains: {trade_period: period}, shifts: {comparable: day_then}}
  rota: {table: rota, day: on_day, grains: {stint: stint}}
metrics:
  aov: revenue / orders
  double_aov: 2 * aov + 0 * aov
  refund_share: refunds / revenue
  north_revenue: {of: revenue, where: customer.region.name = 'North'}
  big_paid_orders: {of: paid_orders, where: big}
  paid_share: paid_orders / orders
  revenue_per_visit: revenue / visits
  net: revenue - refunds
  order_gap: orders - paid_orders
  north_aov: {of: aov, where: customer.region.name = 'North'}
  half_orders: orders * 0.5
  size: case when revenue > 100 then 'large' else 'small' end
  no_sales: aov / (orders - orders)
  filled_paid: {of: paid_orders, fill_nulls_with: 0}
  filled_share: {expr: paid_orders / orders, fill_nulls_with: -1}
  monthly_orders: {of: orders, default_grain: month}
  sold_customers: {of: customer_count, where: orders.status = 'paid'}
  sold_twice: {of: sold_customers, where: orders.status = 'open' and segment = 'smb'}
  card_orders: {of: orders, where: "payments.method = 'card' and payments.pay_currency = 'EUR'"}
  small_profiles: {of: profile_count, where: customers.segment = 'smb'}
  before_two: first_order < '2024-03-10 01:45'
  revenue_so_far: {of: revenue, cumulative: all}
  revenue_3d: {of: revenue, trailing: 3 days, regrain: last}
  buyers_2m: {of: buyers, trailing: 2 months}
  revenue_mtd: {of: revenue, to_date: month, regrain: last}
  mean_so_far: {of: orders, cumulative: all, regrain: average}
  mean_mtd: {of: revenue, to_date: month, regrain: average}
  revenue_last_month: {of: revenue, offset: 1 month}
  revenue_by_rows: {of: revenue, offset: 1 month, shift: rows}
  revenue_growth: {of: revenue, offset: 1 month, show: percent_change}
  revenue_change: {of: revenue, offset: 1 month, show: change}
  revenue_ratio: {of: revenue, offset: 1 month, show: ratio}
  month_start: {of: revenue, offset_to: month}
  aov_last_month: {of: aov, offset: 1 month}
  two_months_ago: {of: revenue_last_month, offset: 1 month}
  so_far_last_month: {of: revenue_so_far, offset: 1 month}
  customers_so_far: {of: customer_count, cumulative: all}
  pieces_back: {of: pieces, time: money_back_on}
  pieces_back_so_far: {of: pieces_back, cumulative: all}
  pieces_back_before: {of: pieces_back, offset: 1 day}
  refunds_by_day: {of: revenue, time: refunded_on}
  stock_before: {of: stock, offset: 1 day}
  stock_on_a: {of: stock, where: shelf = 'a'}
  stock_gain: stock - opening_stock
  ticket_rate: {funnel: {base: visits, converted: tickets}, by: customer_id, within: 1 day}
  ticket_count: {funnel: {base: visits, converted: minutes}, by: customer_id, show: count}
  all_tickets: {of: ticket_count, grain: {keep_only: []}}
  most_tickets: {max: ticket_count, per: customer_id}
  sold_after_visit:
    {funnel: {base: web_visits, converted: paid_sales}, by: customer_id, show: value}
  sold_the_same_day:
    funnel: {base: visits, converted: revenue}
    by: customer_id
    within: 2 days
    holding: {day_name: "cast(created_at.day as date)"}
    show: value
  web_visits: {of: visits, where: channel = 'web'}
  paid_sales: {of: revenue, where: status = 'paid'}
  mean_per_customer: {avg: revenue, per: customer_id}
  best_customer: {max: revenue, per: customer_id}
  units_of_customers: {sum: units, per: [customer_id, status]}
  customers_with_revenue: {count: revenue, per: customer_id}
  busy_days: {count: revenue_3d, per: created_at.day}
  busy_at_all: {count: revenue_3d, per: status}
  mean_per_region: {avg: aov, per: customer.region.name}
  mean_in_status:
    avg: revenue
    per: customer_id
    grain: {keep_only: [status]}
    filter: {drop: [customer.region.name]}
  best_status: {max: mean_per_customer, per: status}
  mean_last_month: {of: mean_per_customer, offset: 1 month}
  paid_mean: {of: mean_per_customer, where: status = 'paid'}
  mean_over_sellers: {of: revenue, grain: {include: seller_id, agg: avg}}
  share_of_status:
    expr: revenue / status_revenue
    with: {status_revenue: {of: revenue, grain: {keep_only: [status]}}}
  global_share:
    expr: revenue / all_revenue
    with: {all_revenue: {of: revenue, grain: {keep_only: []}, filter: {drop: all}}}
  global_share_before: {of: global_share, offset: 8 months}
  without_status: {of: revenue, grain: {exclude: [status]}}
  timeless_revenue: {of: revenue, grain: {exclude: metric_time}}
  timeless_net: {of: net, grain: {exclude: metric_time}}
  monthless_revenue: {of: revenue, grain: {exclude: created_at.month}}
  any_status: {of: revenue, filter: {drop: [status]}}
  always_paid: {of: revenue, filter: {drop: all, add: ["status = 'paid'"]}}
  only_time_filters: {of: revenue, filter: {keep: [metric_time]}}
  before: {expr: revenue, with: {revenue: {of: revenue, offset: 1 month}}}
  revenue_rank: {rank: revenue}
  rank_in_status: {rank: revenue, within: [status], order: asc}
  rank_in_month: {rank: revenue, within: metric_time}
  big_spenders: {of: customer_count, where: "metric(revenue, customer_id) > 60"}
  gifts: {of: orders, where: labels.caption = 'gift'}
  spring_revenue: {of: revenue, where: "metric_time.month < date '2024-04-01'"}
  revenue_last_stint: {of: revenue, offset: 1 stint}
  revenue_stint_days_ago: {of: revenue, offset: 1 stint, shift: rows}
  revenue_last_season: {of: revenue, offset: 1 season}
  season_to_date: {of: revenue, to_date: season, regrain: last}
  season_to_date_before: {of: season_to_date, offset: 1 season}
  revenue_comparable: {of: revenue, offset: trade.comparable}
  buyers_comparable: {of: buyers, offset: trade.comparable}
  change_to_comparable: {of: revenue, offset: trade.comparable, show: change}
  mtd_comparable: {of: revenue_mtd, offset: trade.comparable}
  two_stints: {of: revenue, trailing: 2 stints}
  stint_start: {of: revenue, offset_to: stint}
  revenue_abroad: revenue * param.rate
  revenue_at_ten: {of: revenue_abroad, params: {rate: 10}}
  chosen_revenue: {of: revenue, where: status = param.state}
  open_revenue: {of: chosen_revenue, params: {state: open}}
  back_in_days: {retention: visitors, cohort: first_visit_on, after: 3 days}
  back_on_day: {retention: visitors, cohort: first_visit_on, after: 1 day, on: day}
  back_after_signup: {retention: visitors, cohort: customer.signed_up, after: 13 months}
  replies_in_24_hours:
    {funnel: {base: calls, converted: replies}, by: caller, within: 24 hours, show: count}
  replies_in_a_day:
    {funnel: {base: calls, converted: replies}, by: caller, within: 1 day, show: count}
  answered_in_24_hours: {retention: answered, cohort: origin.called_at, after: 24 hours}
  answered_in_a_day: {retention: answered, cohort: origin.called_at, after: 1 day}
  revenue_an_hour_ago: {of: revenue, offset: 1 hour}
  spined_revenue: {of: revenue, spine: true, fill_nulls_with: 0}
"""
