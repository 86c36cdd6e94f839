#!/usr/bin/env python3
"""test_live.py [NAME...]: the daemon on every kernel of the list (or those named), in one boot each: live_guest.sh
starts, kills and deprives it there and prints what it saw; here it is judged. TAP."""
import collections
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get('METSUKE_BUILD', os.path.join(HERE, '../../build')))
PSL = '/usr/share/publicsuffix/public_suffix_list.dafsa'
UNPRIVILEGED = 'not permitted: missing CAP_BPF CAP_PERFMON CAP_NET_ADMIN; run as root'
# What live_guest.sh's traffic() does: kind, name before the tag, whether there is such a name.
DNS = [('dns4', 'NOERROR'), ('nx.dns6', 'NXDOMAIN')]
DNS_LO = [('lo4', 'NOERROR'), ('nx.lo6', 'NXDOMAIN')]
HTTP = ['http4', 'http6']


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def line(self, good, name, notes=''):
        self.n += 1
        self.failed += not good
        print('%s %d - %s' % ('ok' if good else 'not ok', self.n, name))
        for note in notes.splitlines():
            print('# ' + note)

    @contextlib.contextmanager
    def case(self, name):
        try:
            yield
        except AssertionError as seen:
            self.line(False, name, str(seen))
        except Exception as e:  # something that was expected in the output is not there
            self.line(False, name, '%s: %s (line %d)' % (type(e).__name__, e, e.__traceback__.tb_next.tb_lineno))
        else:
            self.line(True, name)


def want(seen, expected, what):
    assert seen == expected, '%s: expected %s, seen %s' % (what, expected, seen)


def has(text, part):
    assert part in text, 'not there: %s; in:\n%s' % (part, text)


def boot(name):
    """What the guest printed, by section; its exit status; the end of boot.sh's messages; seconds."""
    files = [BUILD + '/metsuke', BUILD + '/tests/peer', '/etc/passwd:/etc']
    path = os.environ['PATH'] + ':/usr/sbin:/sbin'
    files += [(shutil.which(tool, path=path) or tool) + ':/sbin' for tool in ('ip', 'tc')]
    files += [PSL + ':' + os.path.dirname(PSL)] if os.path.exists(PSL) else []
    began = time.monotonic()
    done = subprocess.run([HERE + '/boot.sh', name, HERE + '/live_guest.sh'], capture_output=True, text=True,
                          errors='replace', env=dict(os.environ, METSUKE_BUILD=BUILD,
                                                     METSUKE_GUEST_FILES=' '.join(files)))
    sections, lines = {}, []
    for line in done.stdout.splitlines():
        if line.startswith('== '):
            lines = sections[line[3:]] = []
        else:
            lines.append(line)
    return ({k: '\n'.join(v) for k, v in sections.items()}, done.returncode, done.stdout[-2000:] + done.stderr,
            time.monotonic() - began)


class Guest:
    def __init__(self, sections):
        self.sections = sections
        self.clsact = tuple(map(int, re.match(r'(\d+)\.(\d+)', sections['kernel']).groups())) < (6, 6)

    def __getitem__(self, section):
        return self.sections[section]

    def events(self, run):
        return [json.loads(line) for line in self['events ' + run].splitlines()]

    def event(self, run, action):
        found = [e for e in self.events(run) if e['event']['action'] == action]
        want(len(found), 1, '%s in run %s' % (action, run))
        return found[0]

    def pids(self, tag):
        """Name asked for: the pid that asked."""
        asked = [line.split() for line in self['traffic ' + tag].splitlines()]
        want([a[5] for a in asked], ['answered'] * 6, 'traffic ' + tag + ': ' + self['traffic ' + tag])
        return {a[3]: int(a[4]) for a in asked}

    def exchanges(self, run, tag, dns=True, http=True, lo=True, process=True):
        """Every one of the exchanges once, with the process that asked or without any; no others with the tag."""
        pids, expected, seen = self.pids(tag), collections.Counter(), collections.Counter()
        for name, code in (DNS if dns else []) + (DNS_LO if lo else []):
            name = '%s.%s.lab.test' % (name, tag)
            expected['dns-query', name, None, pids[name] if process else None, 'socket' if process else None] = 1
            expected['dns-response', name, code, pids[name] if process else None, 'cached' if process else None] = 1
        for name in HTTP if http else []:
            name = '%s.%s.lab.test' % (name, tag)
            expected['http-request', name, None, pids[name] if process else None, 'socket' if process else None] = 1
        for e in self.events(run):
            action, dns_part, p = e['event']['action'], e.get('dns', {}), e.get('process')
            name = dns_part.get('question', {}).get('name') or e.get('url', {}).get('domain')
            if not name or '.%s.' % tag not in name:
                continue
            seen[action, name, dns_part.get('response_code'), p and p['pid'],
                 e.get('metsuke', {}).get('owner', {}).get('quality')] += 1
            if p:
                want((p['name'], p['executable']), ('client', '/test/client'), name)
                has(p['command_line'], name)
            if action == 'dns-response':
                assert 0 < e['event']['duration'] < 5e9, '%s: duration %s' % (name, e['event']['duration'])
            want(e['network']['type'], 'ipv6' if '6' in name.split('.' + tag)[0] else 'ipv4', name)
        assert seen == expected, 'run %s, tag %s:\nnot seen: %s\nnot expected: %s' % (
            run, tag, list((expected - seen).elements()), list((seen - expected).elements()))

    def tc(self, tag, **expected):
        """What each interface has: a clsact qdisc? Our filters? Given as va=(True, 1)."""
        text = self['tc ' + tag]
        for dev, want_of_dev in expected.items():
            of_dev = [line for line in text.splitlines() if line.startswith(dev + ' ')]
            want((any(' qdisc clsact ' in line for line in of_dev), sum('metsuke_tc' in line for line in of_dev)),
                 want_of_dev, 'clsact qdisc and filters of %s, in:\n%s' % (dev, text))

    def stopped(self, run, state):
        want(self['exit ' + run], '0', 'exit status of run ' + run)
        want(self.event(run, 'metsuke-stopped')['service']['state'], state, 'state at the end')

    def degraded(self, tag, message):
        """Without process attribution it goes on, and says so."""
        has(self['log ' + tag], 'no process attribution: ' + message)
        started, status = self.event(tag, 'metsuke-started'), json.loads(self['status ' + tag])
        want((started['service']['state'], started['metsuke']['capabilities']['process_attribution']),
             ('degraded', 'none'), 'the start event')
        want((status['state'], status['reason'], status['process_attribution']),
             ('degraded', 'no-process-attribution', 'none'), 'status')
        self.exchanges(tag, tag, process=False)
        self.stopped(tag, 'degraded')


def judge(tap, name, g):
    case = lambda text: tap.case('kernel %s: %s' % (name, text))
    tc = 'clsact' if g.clsact else 'tcx'
    one = (True, 1) if g.clsact else (False, 0)  # qdisc and filters where one sensor is attached
    none = (False, 0)

    with case('without privilege check and run exit 1 and say what is missing'):
        want(re.findall(r'^exit (\d+)', g['unprivileged'], re.M), ['1', '1'], g['unprivileged'])
        want(g['unprivileged'].count(UNPRIVILEGED), 2, g['unprivileged'])
        has(g['unprivileged'], 'MISSING privilege')
    with case('check: the programs load'):
        has(g['check plain'], 'ok      programs               load on this kernel\nexit 0')
    with case('started with XDP native and TC ' + tc):
        started = g.event('first', 'metsuke-started')
        want(started['metsuke']['capabilities'], {'xdp': 'native', 'tc': tc, 'ringbuf': True,
                                                  'process_attribution': 'cgroup'}, 'capabilities')
        want(started['service']['state'], 'ok', 'state')
        has(g['log first'], 'watching va: XDP native, TC ' + tc)
        has(g['log first'], 'watching lo: XDP not needed on loopback, TC ' + tc)
        g.tc('first', va=(True, one[1]), vc=none, lo=one)
    with case('lookups, answers and requests over IPv4 and IPv6, once each, with their process'):
        g.exchanges('first', 'first')
    with case('status --json tells interfaces and what was seen'):
        status = json.loads(g['status first'])
        want(status['state'], 'ok', 'state')
        want(status['interfaces'], [{'name': 'va', 'present': True, 'xdp': 'native', 'tc': tc},
                                    {'name': 'lo', 'present': True, 'xdp': 'none', 'tc': tc}], 'interfaces')
        want(status['events'], {'dns_queries': 4, 'dns_responses': 4, 'http_requests': 2}, 'events')
    with case('a second sensor is refused in the same folders and on the same interface'):
        want(g['busy'].splitlines()[-1], 'exit 1', g['busy'])
        assert re.search(r'another metsuke \(pid \d+\) runs with /run/metsuke; ', g['busy']), g['busy']
        has(g['rival'], 'cannot attach to va: XDP: another XDP program is attached; ')
        want(g['rival'].splitlines()[-1], 'exit 1', g['rival'])
    with case('two sensors, with lo in common: each sees its own'):
        g.tc('both', va=(True, one[1]), vc=one, lo=(g.clsact, 2 * one[1]))
        g.exchanges('first', 'both', dns=False, http=False)
        g.exchanges('second', 'both')
    with case('SIGTERM: its own goes, a qdisc from before stays, and so does the other sensor'):
        g.stopped('first', 'ok')
        g.tc('first-gone', va=(True, 0), vc=one, lo=one)
        g.exchanges('second', 'second')
    with case('enforcement: lookups of a listed name get no answer, and the events say so'):
        want(sum(' answered' in line for line in g['denied'].splitlines()), 0, g['denied'])
        seen = collections.Counter(e['dns']['question']['name'] for e in g.events('second')
                                   if e['event']['action'] == 'dns-query' and e['metsuke'].get('denied') == 'listed')
        want(seen, {'evil.lab.test': 2, 'www.evil.lab.test': 2}, 'lookups said to be denied')
    with case('SIGKILL: soon nothing is dropped, whatever is left attached'):
        has(g['let-go'], ' answered')
    with case('SIGKILL: traffic flows'):
        g.tc('second-killed', va=(True, 0), vc=one, lo=one)
        want(g['pins'].split(), ['counters', 'flagged', 'hosts', 'owners', 'processes', 'settings'], 'pins left')
        g.pids('nobody')
    with case('the next start takes over what a killed one left: one filter, nothing twice'):
        g.tc('third', va=(True, 0), vc=one, lo=one)
        g.exchanges('third', 'third')
        g.stopped('third', 'ok')
        g.tc('third-gone', va=(True, 0), vc=(g.clsact, 0), lo=(g.clsact, 0))
    with case('no cgroup2, no bpf file system: mounts the one, does without the other'):
        has(g['log bare'], 'mounted a bpf file system at /sys/fs/bpf')
        g.degraded('bare', 'cgroup v2 is not mounted')
    with case('SIGTERM: filter and qdisc that it made are gone'):
        g.tc('bare', va=one, lo=one)
        g.tc('bare-gone', va=none, lo=none)
    with case('no BTF: goes on without processes'):
        g.degraded('btf', 'the kernel refuses the socket hooks: No such process; the kernel has no BTF')
    with case('lockdown=confidentiality: goes on without processes'):
        want(g['lockdown'], 'none integrity [confidentiality]', 'lockdown')
        g.degraded('locked', 'the kernel refuses the socket hooks: Invalid argument; the kernel is locked down')
        assert re.search(r'(unknown func|cannot use helper) bpf_probe_read', g['log locked']), g['log locked']
    with case('check tells what a bare and a locked kernel lack'):
        for tag, part in (('bare', 'absent  BTF                    no process attribution without it'),
                          ('bare', 'absent  cgroup v2              not mounted: no process attribution'),
                          ('locked', 'absent  process attribution    the kernel is locked down'),
                          ('locked', '\nexit 0')):
            has(g['check ' + tag], part)
    with case('every line is what docs/events.md says'):
        lines = ''.join(text + '\n' for section, text in g.sections.items() if section.startswith('events '))
        done = subprocess.run([sys.executable, HERE + '/../schema.py'], input=lines, capture_output=True, text=True)
        want(done.returncode, 0, done.stdout + done.stderr)


def main():
    names = sys.argv[1:]
    if not names:
        with open(HERE + '/list') as f:
            names = [line.split()[0] for line in f if line.strip() and not line.startswith('#')]
    tap, there = Tap(), []
    for name in names:
        done = subprocess.run([HERE + '/boot.sh', '--fetch', name], capture_output=True, text=True)
        last = (done.stderr.strip().splitlines() or [''])[-1]
        if done.returncode == 77:
            tap.line(True, 'kernel %s # SKIP %s' % (name, last))
        elif done.returncode:
            tap.line(False, 'kernel %s: its package can be used' % name, done.stderr)
        else:
            there.append(name)
    with ThreadPoolExecutor(min(4, len(os.sched_getaffinity(0)))) as pool:
        for name, (sections, status, text, seconds) in zip(there, pool.map(boot, there)):
            tap.line(status == 0 and 'end' in sections, 'kernel %s: the guest ends well (status %d)' % (name, status),
                     '' if status == 0 else text)
            if 'kernel' in sections:
                judge(tap, name, Guest(sections))
            print('# kernel %s: %d s' % (name, seconds))
    print('1..%d' % tap.n)
    return 1 if tap.failed else 0


sys.exit(main())
