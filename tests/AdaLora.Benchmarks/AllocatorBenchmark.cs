using AdaLora.Allocation;
using AdaLora.Parameters;
using AdaLora.Regularization;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>
/// Times importance, mask and regulariser alone: on the bank of this library, and matrix by matrix as the published implementations do it, written in TorchSharp (penalty through autograd,
/// importance in three dictionaries, scores gathered by name, the threshold read by kthvalue).
/// </summary>
internal static class AllocatorBenchmark
{
    /// <param name="matrices">Number of adapted matrices: per layer of six, four of 768 x 768, one of 3072 x 768 and one of 768 x 3072.</param>
    /// <param name="rank">Triplets per matrix.</param>
    /// <param name="warmup">Rounds that are not counted.</param>
    /// <param name="rounds">Rounds that are.</param>
    /// <param name="threads">Processor threads.</param>
    public static IReadOnlyList<BenchmarkRow> Run(int matrices, int rank, int warmup, int rounds, int threads)
    {
        set_num_threads(threads);
        manual_seed(1).Dispose();
        var shapes = Enumerable.Range(0, matrices).Select(i => (i % 6) switch { 4 => (Out: 3072, In: 768), 5 => (Out: 768, In: 3072), _ => (Out: 768, In: 768) }).ToList();
        using var bank = TripletBank.Create(BankLayout.Create(shapes.Select((s, i) => new TripletShape($"m{i:D3}", s.Out, s.In, rank))), ScalarType.Float32, CPU);
        bank.Initialize(0.02, 1);
        using var tracker = new ImportanceTracker(bank);
        var schedule = new BudgetSchedule(bank.Layout.Triplets, bank.Layout.Triplets * 2 / 3, 1_000_000, 0, 1000);
        using var allocator = new RankAllocator(bank, schedule, tracker);
        var regularizer = new OrthogonalityRegularizer(bank, 0.1);
        using var gradients = randn_like(bank.Gradients);
        using var finite = ones([], dtype: ScalarType.Bool);
        var single = new MatrixByMatrix(shapes, rank);
        var step = 0L;
        return Turns.Take([("matrix by matrix", single.Step), ("bank", Bank)], warmup, rounds);

        void Bank()
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            bank.Gradients.copy_(gradients);
            regularizer.AddGradients();
            allocator.Track(step, bank.Values, bank.Gradients, finite);
            allocator.Mask(step++, bank.Values);
        }
    }

    private sealed class MatrixByMatrix
    {
        private const double Beta = 0.85;
        private readonly IReadOnlyList<Tensor[]> _parameters;
        private readonly Dictionary<Tensor, (Tensor Ipt, Tensor Unc)> _averages = new(ReferenceEqualityComparer.Instance);
        private readonly IReadOnlyList<Tensor> _gradients;
        private readonly int _budget;

        public MatrixByMatrix(IReadOnlyList<(int Out, int In)> shapes, int rank)
        {
            _parameters = [.. shapes.Select(s => (Tensor[])[randn(rank, s.In) * 0.02, randn(rank, 1) * 0.02, randn(s.Out, rank) * 0.02])];
            foreach (var parameter in _parameters.SelectMany(p => p))
            {
                parameter.requires_grad_(true);
                parameter.grad = zeros_like(parameter);
                _averages.Add(parameter, (zeros_like(parameter), zeros_like(parameter)));
            }

            _gradients = [.. _parameters.SelectMany(p => p).Select(p => randn_like(p))];
            _budget = shapes.Count * rank / 3;
        }

        public void Step()
        {
            using var scope = NewDisposeScope();
            using (no_grad())
            {
                foreach (var (parameter, gradient) in _parameters.SelectMany(p => p).Zip(_gradients))
                    parameter.grad!.copy_(gradient);
            }

            Penalty().backward();
            using var frozen = no_grad();
            foreach (var parameter in _parameters.SelectMany(p => p))
                Update(parameter);
            Mask();
        }

        private Tensor Penalty()
        {
            var sum = zeros(1);
            var count = 0;
            foreach (var matrix in _parameters.SelectMany(p => (Tensor[])[p[0].mm(p[0].t()), p[2].t().mm(p[2])]))
            {
                sum += linalg.norm(matrix - eye(matrix.shape[0]), ord: "fro");
                count++;
            }

            return sum / count * 0.1;
        }

        private void Update(Tensor parameter)
        {
            var (ipt, unc) = _averages[parameter];
            var now = (parameter * parameter.grad!).abs().detach();
            ipt.copy_((Beta * ipt) + ((1 - Beta) * now));
            unc.copy_((Beta * unc) + ((1 - Beta) * (now - ipt).abs()));
        }

        private void Mask()
        {
            var scores = _parameters.Select(p => Score(p[1]).view(-1) + Score(p[0]).mean([1]) + Score(p[2]).mean([0])).ToList();
            var threshold = cat([.. scores]).kthvalue(_budget, 0).values.item<float>();
            foreach (var (parameters, score) in _parameters.Zip(scores))
                parameters[1].masked_fill_((score <= threshold).view(-1, 1), 0);
        }

        private Tensor Score(Tensor parameter) => _averages[parameter].Ipt * _averages[parameter].Unc;
    }
}
