"""The rows of the shop, by hand."""

TABLES = """
create table regions(region_id integer, name varchar);
insert into regions values (1, 'North'), (2, 'South'), (3, 'Unused');
create table customers(
  customer_id integer, name varchar, segment varchar, region_id integer, signed_up date,
  credit integer
);
insert into customers values
  (1, 'Ann', 'smb', 1, '2023-01-05', 10), (2, 'Bob', 'enterprise', 2, '2023-02-10', 20),
  (3, 'Cid', 'smb', null, '2023-02-11', 30), (4, 'Dee', null, 9, null, 40),
  (5, 'Eve', 'smb', 1, '2023-03-01', null);
create table profiles(customer_id integer, vip boolean, tier integer);
insert into profiles values (1, true, 1), (2, false, 2), (7, true, 3);
create table users(user_id integer, name varchar, team varchar);
insert into users values (10, 'Sam', 'east'), (11, 'Tia', 'west'), (12, 'Uma', 'east');
create table orders(
  order_id integer, customer_id integer, seller_id integer, approver_id integer,
  ship_region_id integer, status varchar, amount decimal(10, 2), quantity smallint, weight float,
  created_at timestamptz, refunded_on date, refund integer, is_test boolean, note varchar
);
insert into orders values
  (1, 1, 10, 11, 1, 'paid', 100.00, 1, 1.5, '2024-03-10 06:30:00+00', '2024-03-12', 10, false, 'a'),
  (2, 1, 10, 10, 2, 'open', 50.00, 2, 2.5, '2024-03-10 07:30:00+00', null, null, false, null),
  (3, 2, 11, 12, 2, 'paid', 50.00, 3, null, '2024-03-11 03:59:59+00', '2024-04-01', 5, false, 'A'),
  (4, 2, null, 10, null, 'void', 0.00, 4, 0.5, '2024-11-03 05:30:00+00', null, null, false, ''),
  (5, 3, 12, null, 7, 'paid', 25.50, 5, 3.0, '2024-11-03 06:30:00+00', '2024-11-03', 7, false, 'b'),
  (6, 4, 11, 11, 1, 'open', 10.25, 6, 4.0, '2024-11-04 04:59:00+00', null, null, false, 'x''y'),
  (7, 99, 10, 12, 1, 'paid', 80.00, 7, 5.0, '2024-12-31 23:30:00+00', null, null, false, null),
  (8, null, 12, 12, 2, 'open', 5.00, 8, 6.0, '2025-01-01 05:00:00+00', null, null, false, 'z'),
  (9, 1, 10, 10, 1, null, null, null, null, null, null, null, false, null),
  (10, 1, 10, 10, 1, 'paid', 999.00, 9, 9.0, '2024-03-10 12:00:00+00', '2024-03-12', 99, true, 't');
create table items(order_id integer, line integer, product_id integer, quantity integer);
insert into items values
  (1, 1, 100, 1), (1, 2, 100, 5), (1, 3, 101, 2), (2, 1, 101, 1), (3, 1, 100, 10), (3, 2, null, 1),
  (5, 1, 102, 3), (6, 1, 999, 2), (77, 1, 100, 4), (null, 1, 101, 1), (10, 1, 100, 50);
create table products(product_id integer, name varchar, weight integer, category_id integer);
insert into products values
  (100, 'Anvil', 50, 1), (101, 'Brush', 1, 2), (102, 'Clock', 3, 3), (103, 'Drum', 8, null);
create table categories(category_id integer, name varchar, hidden boolean);
insert into categories values (1, 'Iron', false), (2, 'Wood', false), (3, 'Secret', true);
create table payments(payment_id integer, order_id integer, method varchar, paid decimal(10, 2));
insert into payments values
  (1, 1, 'card', 60), (2, 1, 'cash', 40), (3, 3, 'card', 50), (4, 5, null, 25.5),
  (5, 88, 'card', 1), (6, 1, 'card', 0);
create table visits(
  visit_id integer, customer_id integer, day date, channel varchar, pages integer
);
insert into visits values
  (1, 1, '2024-03-10', 'web', 3), (2, 1, '2024-03-10', 'app', 4), (3, 2, '2024-03-11', 'web', null),
  (4, null, '2024-11-03', 'web', 1), (5, 5, '2024-11-03', 'app', 2), (6, 3, null, null, 9),
  (7, 88, '2024-12-31', 'web', 5);
create table bands(low integer, high integer, name varchar);
insert into bands values
  (0, 50, 'low'), (40, 100, 'middle'), (50, 60, 'middle'), (100, null, 'high');
create table sessions(
  customer_id integer, started_at timestamptz, first_visit_on date, device varchar
);
insert into sessions values
  (1, '2024-03-09 15:00:00+00', '2024-03-09', 'web'),
  (1, '2024-03-10 15:00:00+00', '2024-03-09', 'web'),
  (1, '2024-03-12 15:00:00+00', '2024-03-09', 'app'),
  (2, '2024-03-09 15:00:00+00', '2024-03-09', 'web'),
  (99, '2024-03-10 04:30:00+00', '2024-03-09', 'app'),
  (3, '2024-03-10 15:00:00+00', '2024-03-10', 'web'),
  (3, '2024-03-14 15:00:00+00', '2024-03-10', 'web'),
  (4, '2024-03-14 15:00:00+00', null, 'web');
create table tickets(
  ticket_id integer, customer_id integer, opened_at timestamp, minutes bigint, spam boolean
);
insert into tickets values
  (1, 1, '2024-03-10 23:59:00', 5, false), (2, 2, '2024-03-11 00:00:00', 7, false),
  (3, null, '2024-11-03 01:30:00', 9, false), (4, 1, '2024-03-10 10:00:00', 100, true),
  (5, 4, null, 2, false);
create table accounts(customer_id integer, plan varchar, balance decimal(12, 3));
insert into accounts values (1, 'free', 1.125), (2, 'pro', 2.5), (null, 'pro', 4);
create table "odd table"(id integer, "we""ird column" varchar, "select" integer);
insert into "odd table" values (1, 'a', 1), (2, 'b', 2), (3, null, 3), (4, 'b', null);
create table tills(till_id uuid, opens_at time);
insert into tills values
  ('0123abcd-89ab-cdef-0123-456789abcdef', '08:30'),
  ('ffffabcd-89ab-cdef-0123-456789abcdef', '12:00:30'),
  ('ffffabcd-89ab-cdef-0123-000000000000', null);
create table plans(customer_id integer, tier varchar, since date, until date);
insert into plans values
  (1, 'free', '2024-01-01', '2024-03-10'), (1, 'pro', '2024-03-10', null),
  (2, 'free', '2024-03-01', '2024-03-11'), (2, 'pro', '2024-04-01', '2024-11-03'),
  (3, 'team', '2024-11-03', '2024-11-03'), (4, 'free', null, '2025-01-01');
create table order_labels(order_id integer, label_id integer, set_by varchar);
insert into order_labels values
  (1, 1, 'Ann'), (1, 2, 'Ann'), (1, 1, 'Bo'), (2, 1, 'Bo'), (3, 3, 'Bo'), (3, 2, null),
  (5, 9, 'Ann'), (6, null, 'Ann'), (10, 1, 'Ann'), (88, 2, 'Bo');
create table labels(label_id integer, caption varchar, kind varchar);
insert into labels values
  (1, 'gift', 'care'), (2, 'rush', 'speed'), (3, 'late', 'speed'), (4, 'unused', 'speed');
create table stocks(item varchar, day date, shelf varchar, held integer);
insert into stocks values
  ('ink', '2024-01-01', 'a', 5), ('ink', '2024-01-01', 'b', 1), ('ink', '2024-01-08', 'a', 3),
  ('ink', '2024-01-08', 'b', 2), ('ink', '2024-01-09', 'b', 4), ('nib', '2024-01-02', 'a', 7),
  ('nib', '2024-01-10', 'a', null), ('cap', null, 'b', 9), (null, '2024-02-01', 'a', 6);
create table checks(check_id integer, item varchar, day date, shelf varchar, checker varchar);
insert into checks values
  (1, 'ink', '2024-01-09', 'b', 'Ann'), (2, 'ink', '2024-01-09', 'b', 'Ann'),
  (3, 'ink', '2024-01-09', 'b', 'Bo'), (4, 'nib', '2024-01-02', 'a', 'Bo');
create table retail(day date, week_start date, season varchar);
insert into retail
  select
    t::date, (t - interval (dayofweek(t)) day)::date,
    case when month(t) < 7 then 'spring' else 'fall' end
  from generate_series(timestamp '2024-01-01', timestamp '2024-12-31', interval 1 day) as s(t);
create table trade(day date, period varchar, day_then date);
insert into trade
  select
    t::date, case when t < '2024-12-01' then 'autumn' else 'winter' end,
    case
      when t = '2024-11-05' then null when t = '2024-11-04' then date '2024-03-10'
      when t < '2024-12-01' then t::date - 238 when t < '2025-01-01' then t::date - 58
      else t::date - 1
    end
  from generate_series(timestamp '2024-11-01', timestamp '2025-01-10', interval 1 day) as s(t);
create table rota(on_day date, stint varchar);
insert into rota
  select
    t::date,
    case
      when t < '2024-03-13' then 'one' when t < '2024-03-17' then 'two'
      when t < '2024-11-03' then 'three' else 'four'
    end
  from generate_series(timestamp '2024-03-01', timestamp '2024-12-31', interval 1 day) as s(t);
create table calls(call_id integer, caller integer, called_at timestamptz, patience interval);
insert into calls values
  (1, 1, '2024-03-09 17:30:00+00', interval '1 day'),
  (2, 2, '2024-11-02 16:30:00+00', interval '24 hours'),
  (3, 3, '2024-03-10 06:45:00+00', interval '1 day 2 hours'),
  (4, 4, '2024-11-03 05:30:00+00', interval '90 minutes'), (5, 5, '2024-11-02 16:30:00+00', null);
create table replies(reply_id integer, call_id integer, caller integer, replied_at timestamptz);
insert into replies values
  (1, 1, 1, '2024-03-10 17:00:00+00'), (2, 2, 2, '2024-11-03 17:00:00+00'),
  (3, 3, 3, '2024-03-10 07:15:00+00'), (4, 4, 4, '2024-11-03 06:15:00+00');
create table constants(word varchar);
insert into constants values ('one'), ('one'), ('two');
"""
