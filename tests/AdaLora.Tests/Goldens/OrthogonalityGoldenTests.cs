using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.TestSupport;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Goldens;

public sealed class OrthogonalityGoldenTests
{
    public static TheoryData<int, string> Cases => GoldenSet.Cases("orthogonality");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Value_and_gradient_match_in_both_forms(int index, string name)
    {
        using var golden = GoldenSet.Open("orthogonality");
        var item = golden.Json.GetProperty("cases")[index];
        var kind = item.GetProperty("kind").GetString()!;
        var tolerance = kind.Contains("near", StringComparison.Ordinal) ? 1e-10 : 1e-12;
        foreach (var (form, value) in (IEnumerable<(OrthogonalityForm, string)>)[(OrthogonalityForm.MeanNorm, "reference"), (OrthogonalityForm.SumOfSquares, "paper")])
        {
            using var scope = NewDisposeScope();
            var prefixes = Prefixes(golden, name, item.GetProperty("pairs").GetInt32());
            var shapes = prefixes.Select(p => new TripletShape(p, golden[p + ".B"].shape[0], golden[p + ".A"].shape[1], (int)golden[p + ".A"].shape[0]));
            using var bank = TripletBank.Create(BankLayout.Create(shapes), ScalarType.Float64, TestDevice.Current);
            using (no_grad())
            {
                foreach (var prefix in prefixes)
                {
                    bank.Values.Right(bank.Layout[prefix]).copy_(golden[prefix + ".A"]);
                    bank.Values.Left(bank.Layout[prefix]).copy_(golden[prefix + ".B"]);
                }
            }

            var regularizer = new OrthogonalityRegularizer(bank, 1, form);
            var expected = item.GetProperty(value + "_value").GetDouble();
            var penalty = regularizer.AddGradients().item<double>();
            Assert.True(Math.Abs(penalty - expected) <= tolerance * TestDevice.ToleranceFactor * Math.Max(1, expected), $"{name} {form}: {penalty:R} instead of {expected:R}");
            Assert.Equal(penalty, regularizer.Penalty().item<double>());
            foreach (var prefix in prefixes)
            {
                Close.RelativeToMaximum(golden[$"{prefix}.grad_{value}_A"], bank.Gradients.Right(bank.Layout[prefix]), tolerance, $"{prefix} {form} A");
                Close.RelativeToMaximum(golden[$"{prefix}.grad_{value}_B"], bank.Gradients.Left(bank.Layout[prefix]), tolerance, $"{prefix} {form} B");
            }
        }
    }

    private static List<string> Prefixes(GoldenSet golden, string name, int pairs) =>
        golden.Has(name + ".A") ? [name] : [.. Enumerable.Range(0, pairs).Select(i => $"{name}.{i}")];
}
