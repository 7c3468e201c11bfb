using System.Globalization;
using AdaLora.Allocation;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using CsCheck;
using Xunit;

namespace AdaLora.Tests.Lives;

/// <summary>
/// Random lives of adapters of one model, each act compared with a simple model of what must hold: ranks, budget, how many triplets are held, which weights these are, and what is final.
/// <c>ADALORA_LIVES</c> gives the number of lives.
/// </summary>
public sealed class LifePropertyTests
{
    private static readonly int Lives = int.TryParse(Environment.GetEnvironmentVariable("ADALORA_LIVES"), CultureInfo.InvariantCulture, out var lives) ? lives : 100;

    private static readonly Gen<(int First, int Second, double Target, int Initial, int Final, int Interval, int Seed, Act[] Acts)> Cases = Gen.Select(
        Gen.Int[0, 5], Gen.Int[1, 5], Gen.Double[0, 1], Gen.Int[0, 3], Gen.Int[0, 4], Gen.Int[1, 3], Gen.Int[0, 1000],
            Gen.Int[0, 31].Select(i => i < 12 ? Act.Step : (Act)((i - 12) % 16)).Array[4, 40]);

    [Fact]
    public void Whatever_is_done_ranks_budget_weights_and_flags_are_what_they_should_be() => Cases.Sample(
        c =>
        {
            var budget = (int)(c.Target * (c.First + c.Second));
            var options = TinyTask.Options with
            {
                Overrides = ModuleOverridesOf(c.First, c.Second),
                TargetBudget = budget,
                Seed = c.Seed,
                InitialPhase = PhaseLength.Steps(c.Initial),
                FinalPhase = PhaseLength.Steps(c.Final),
                MaskInterval = c.Interval,
                Allocation = c.Seed % 2 == 0 ? AllocationStrategy.Reallocate(1 + (c.Seed % 5), 1 + (c.Seed % 3)) : AllocationStrategy.PruneToBudget,
            };
            using var life = new RandomLife(options, c.Seed);
            foreach (var act in c.Acts)
                life.Do(act);
        },
        iter: Lives,
        threads: 1);

    private static ModuleOverrides ModuleOverridesOf(int first, int second) => ModuleOverrides.None.With("first", initialRank: first).With("second", initialRank: second);
}
