# Weir::Collector: takes spans by OTLP over HTTP as a strict reader would.
#
#     our $collector = Weir::Collector->start;
#     $collector->url                    of weir_otlp
#     $collector->spans(3)               once there are that many, in the order
#                                        that they came in
#     $collector->complaints             about what it was sent; '' is well
#     $collector->posts, $collector->connections     how many
#     $collector->set(status => '503 Busy', times => 2)
#
# More of set(): headers (lines), body, raw => bytes in place of an answer,
# hold => 1 to say nothing, linger => 1 to say nothing after it.  It holds for
# the next `times` requests, else for all.  stop() and again() are an outage.
#
# A span is as it was sent, but that its attributes are a hash of NAME =>
# VALUE, those of its resource under `resource`.

package Weir::Collector;

use strict;
use warnings;

use B ();
use File::Path qw(make_path remove_tree);
use IO::Socket::INET ();
use JSON::PP ();
use POSIX ();
use Storable qw(nstore retrieve);
use Weir ();
use Weir::Issuer ();

my $collectors = 0;

sub start {
    my ($class, %options) = @_;
    my $self = bless { port => 0, path => '/v1/traces', %options,
                       dir => Weir::image_dir() . '/collector'
                              . ++$collectors }, $class;

    $self->clear;

    return $self->again;
}

sub clear {
    my ($self) = @_;

    remove_tree($self->{dir});
    make_path($self->{dir});
}

sub again {
    my ($self) = @_;
    my $listen = IO::Socket::INET->new(Listen => 64, ReuseAddr => 1,
                                       LocalAddr => '127.0.0.1',
                                       LocalPort => $self->{port})
                 or die "collector: $!";

    $self->{port} = $listen->sockport;
    $self->{pid}  = Weir::Issuer::child(sub {
        $SIG{CHLD} = 'IGNORE';

        while (1) {
            my $socket = $listen->accept or next;
            $self->note('connections', '.');
            next if fork;
            close $listen;
            $self->serve($socket);
            POSIX::_exit(0);
        }
    });

    return $self;
}

sub stop {
    my ($self) = @_;

    kill '-KILL', $self->{pid};
    waitpid $self->{pid}, 0;
}

sub port { $_[0]{port} }
sub url  { "http://127.0.0.1:$_[0]{port}$_[0]{path}" }

sub set {
    my ($self, %answer) = @_;

    $answer{until} = $self->posts + $answer{times} if $answer{times};
    nstore(\%answer, "$self->{dir}/answer.next");
    rename "$self->{dir}/answer.next", "$self->{dir}/answer" or die "set: $!";
}

sub text        { Weir::read_file("$_[0]{dir}/$_[1]") }
sub posts       { length $_[0]->text('posts') }
sub connections { length $_[0]->text('connections') }
sub complaints  { $_[0]->text('complaints') }
sub head        { $_[0]->text('head') }         # of the last request

sub spans {
    my ($self, $n) = @_;
    my @spans;

    Weir::wait_for(sub {
        @spans = map { JSON::PP->new->utf8->decode($_) }
                 $self->text('spans') =~ /^(.+)\n/mg;
        return @spans >= $n;
    });

    return @spans;
}

sub note {
    my ($self, $name, $text) = @_;

    Weir::Issuer::note("$self->{dir}/$name", '>>:raw', $text);
}

# Requests of one connection, until one is not as it should be.
sub serve {
    my ($self, $socket) = @_;
    my $bytes = '';

    $SIG{PIPE} = 'IGNORE';
    alarm 60;

    while (1) {
        until ($bytes =~ /\r\n\r\n/) {
            my $n = sysread $socket, $bytes, 65536, length $bytes;
            return $self->note('complaints', "cut off: $bytes\n")
                if !$n && length $bytes;
            return if !$n;
        }

        my ($head, $rest) = split /\r\n\r\n/, $bytes, 2;
        my $length = eval { $self->read_head($head) };

        return $self->refuse($socket, $@) if !defined $length;

        while (length $rest < $length) {
            my $n = sysread $socket, $rest, 65536, length $rest;
            return $self->note('complaints', "a body is cut off\n") if !$n;
        }

        my $body = substr $rest, 0, $length, '';

        return $self->refuse($socket, "bytes behind the body\n")
            if length $rest;

        $bytes = '';
        $self->answer($socket, $body) or return;
    }
}

sub refuse {
    my ($self, $socket, $why) = @_;

    $self->note('complaints', $why);
    syswrite $socket, "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n";
}

# RFC 9112: the length of the body.
sub read_head {
    my ($self, $head) = @_;
    my ($line, @lines) = split /\r\n/, $head;
    my %h;

    Weir::Issuer::note("$self->{dir}/head", '>:raw', $head);

    $line eq "POST $self->{path} HTTP/1.1" or die "request line: $line\n";
    $head =~ /[^\x20-\x7e\r\n\t]/ and die "head: $head\n";

    for (@lines) {
        /^([!#\$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/
            or die "header: $_\n";
        !exists $h{lc $1} or die "header twice: $_\n";
        $h{lc $1} = $2;
    }

    ($h{host} // '') =~ /^[\w.]+:\Q$self->{port}\E$/ or die "Host: $head\n";
    ($h{'content-type'} // '') eq 'application/json' or die "type: $head\n";
    ($h{'content-length'} // '') =~ /^[1-9][0-9]*$/ or die "length: $head\n";
    !exists $h{'transfer-encoding'} or die "coding: $head\n";

    return $h{'content-length'};
}

# Whether the connection lives on.
sub answer {
    my ($self, $socket, $body) = @_;
    my $answer = -e "$self->{dir}/answer" ? retrieve("$self->{dir}/answer")
                                          : {};

    $self->note('posts', '.');
    $answer = {} if $answer->{until} && $self->posts > $answer->{until};

    my @spans = eval { spans_of($body) };

    $self->note('complaints', "$@") if $@;
    sleep 60 if $answer->{hold};

    if (($answer->{status} // 200) =~ /^200/ && !defined $answer->{raw}) {
        $self->note('spans', join '', map { encode($_) . "\n" } @spans);
    }

    $answer->{body} //= '{"partialSuccess":{}}';

    syswrite $socket, $answer->{raw}
        // Weir::Issuer::bytes_of($answer);

    sleep 60 if $answer->{linger};

    return !defined $answer->{raw}
           && !grep { /^connection: *close/i } @{$answer->{headers} // []};
}

sub encode { JSON::PP->new->utf8->canonical->encode($_[0]) }


# The schema: opentelemetry/proto/trace/v1/trace.proto as JSON.

sub is_text   { !ref $_[0] && B::svref_2object(\$_[0])->FLAGS & B::SVf_POK }
sub is_number { defined $_[0] && !ref $_[0] && !is_text($_[0])
                && $_[0] =~ /^-?[0-9]+$/ }

# The members of an object: those that must, and those that may be there.
sub members {
    my ($what, $v, $must, @may) = @_;

    ref $v eq 'HASH' or die "$what is no object\n";
    exists $v->{$_} or die "$what has no $_\n" for @$must;

    my %known = map { $_ => 1 } @$must, @may;

    $known{$_} or die "$what has $_\n" for keys %$v;

    return @$v{@$must};
}

sub list {
    my ($what, $v) = @_;

    ref $v eq 'ARRAY' && @$v or die "$what is no list, or empty\n";

    return @$v;
}

sub spans_of {
    my ($body) = @_;
    my @spans;
    my ($resources) = members('body', JSON::PP->new->utf8->decode($body),
                              ['resourceSpans']);

    for my $r (list('resourceSpans', $resources)) {
        my ($resource, $scopes) =
            members('resourceSpans', $r, ['resource', 'scopeSpans']);
        my %resource = attributes(
            members('resource', $resource, ['attributes']));

        is_text($resource{'service.name'}) or die "no service.name\n";

        for my $s (list('scopeSpans', $scopes)) {
            my ($scope, $of) = members('scopeSpans', $s, ['scope', 'spans']);

            is_text($_) or die "scope\n"
                for members('scope', $scope, ['name', 'version']);

            push @spans, map { span($_, \%resource) } list('spans', $of);
        }
    }

    return @spans;
}

sub span {
    my ($s, $resource) = @_;

    members('span', $s, [qw(traceId spanId name kind startTimeUnixNano
                            endTimeUnixNano attributes status)],
            qw(parentSpanId traceState));

    is_text($s->{$_}) or die "$_ is no text\n"
        for qw(traceId spanId name startTimeUnixNano endTimeUnixNano),
            grep { exists $s->{$_} } qw(parentSpanId traceState);

    $s->{traceId} =~ /^(?!0+$)[0-9a-f]{32}\z/ or die "traceId $s->{traceId}\n";
    ($s->{$_} // 1x16) =~ /^(?!0+$)[0-9a-f]{16}\z/ or die "$_ $s->{$_}\n"
        for qw(spanId parentSpanId);

    length $s->{name} or die "no name\n";
    is_number($s->{kind}) && $s->{kind} == 2 or die "kind\n";

    /^[1-9][0-9]{18}\z/ && abs($_ / 1e9 - time) < 100 or die "time $_\n"
        for @$s{qw(startTimeUnixNano endTimeUnixNano)};

    $s->{startTimeUnixNano} <= $s->{endTimeUnixNano}
        or die "it ends before it starts\n";

    members('status', $s->{status}, [], 'code', 'message');
    !exists $s->{status}{code}
        || is_number($s->{status}{code}) && $s->{status}{code} =~ /^[0-2]$/
        or die "status\n";

    return { %$s, attributes => { attributes($s->{attributes}) },
             resource => $resource };
}

sub attributes {
    my ($list) = @_;
    my %found;

    for my $a (list('attributes', $list)) {
        my ($key, $value) = members('attribute', $a, ['key', 'value']);

        is_text($key) && length $key or die "a key is no text\n";
        !exists $found{$key} or die "$key is there twice\n";

        my ($type, @more) = keys %{ref $value eq 'HASH' ? $value : {}};

        !@more && defined $type or die "$key has no value of one type\n";

        $type eq 'stringValue' && is_text($value->{$type})
            || $type eq 'intValue' && is_text($value->{$type})
               && $value->{$type} =~ /^-?[0-9]+\z/
            || $type eq 'boolValue' && ref $value->{$type}
            or die "$key has a bad $type\n";

        $found{$key} = $value->{$type};
    }

    return %found;
}

1;
