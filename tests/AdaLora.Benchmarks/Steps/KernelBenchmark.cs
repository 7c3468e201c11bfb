using AdaLora.Adapters;
using AdaLora.Adapters.Dropout;
using AdaLora.Bank;
using AdaLora.Internals.Cpu;
using AdaLora.Tests.Models;
using AdaLora.Training;
using AdaLora.Transformers.Heads;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>What each of the library's own kernels saves of a real training step on a CPU: its work done by the kernel and by libtorch's operations, in turns, on the tensors of that step.</summary>
internal sealed class KernelBenchmark : IDisposable
{
    private const string Step = "the whole step", Kernels = "by kernels ms", Operations = "by operations ms";
    private const int LeastWarmup = 5;

    private readonly Workload _workload;
    private readonly StepInputs _inputs;
    private readonly SequenceClassifier _model;
    private readonly AdaLoraModel _adapted;
    private readonly optim.Optimizer _optimizer;
    private readonly GradientNorm _norm;
    private readonly List<Tensor> _weights;

    private KernelBenchmark(Workload workload)
    {
        _workload = workload;
        _inputs = StepInputs.Random(workload.Batch, workload.Length);
        _model = workload.Model.Create(ScalarType.Float32);
        _adapted = AdaLoraModel.Attach(_model, AdapterPlan.Budgeting(_model, workload.Dropout, maskInterval: 1));
        _optimizer = new FusedAdamW(_adapted.TrainableParameters, 1e-3);
        _norm = new GradientNorm(_adapted.TrainableParameters);
        _weights = [.. _adapted.Adapters.Select(adapter => adapter.Frozen.Form.Dense())];
        _model.train();
    }

    public static BenchmarkTable Run(Workload workload, Pace pace)
    {
        set_num_threads(pace.Threads);
        manual_seed(1).Dispose();
        using var benchmark = new KernelBenchmark(workload);
        return benchmark.Measure(pace with { Warmup = Math.Max(LeastWarmup, pace.Warmup) });
    }

    public void Dispose()
    {
        _norm.Dispose();
        _optimizer.Dispose();
        _adapted.Detach();
        _adapted.Dispose();
        _model.Dispose();
        _inputs.Dispose();
    }

    private BenchmarkTable Measure(Pace pace)
    {
        var works = Works().ToList();
        var contenders = works.SelectMany(work => ((string, Action)[])[(work.Name + Kernels, Scoped(work.Kernel)), (work.Name + Operations, Scoped(work.Operations))]).ToList();
        var times = Turns.Take(contenders, pace).ToDictionary(timing => timing.Name, timing => timing.Median);
        var step = times[Step + Kernels];
        return new BenchmarkTable(_workload.Title, [.. works.Select(work => RowOf(work.Name, times[work.Name + Kernels], times[work.Name + Operations], step))],
            "Saved is the difference, as a part of the step by kernels.");
    }

    private static BenchmarkRow RowOf(string name, double kernels, double operations, double step) => new(
        name, [Figure.Milliseconds(Kernels, kernels), Figure.Milliseconds(Operations, operations), new Figure("saved, % of a step", 100 * (operations - kernels) / step, "F1")]);

    private IEnumerable<(string Name, Action Kernel, Action Operations)> Works()
    {
        yield return Switched(Step, () =>
        {
            Pass();
            _ = _adapted.BeforeOptimizerStep(1.0);
            _optimizer.step();
            _adapted.AfterOptimizerStep();
        });
        yield return Switched("forward and backward pass: node, products, masks", Pass);
        if (OneDnn.IsFaster)
            yield return ("of that, frozen products through oneDNN", () => Products(RowProducts.Linear, RowProducts.Multiply), () => Products(nn.functional.linear, (rows, weight) => rows.mm(weight)));
        if (_workload.Dropout > 0)
            yield return ("of that, masks in front of adapters, each made twice", () => Masks(byKernel: true), () => Masks(byKernel: false));
        yield return Switched("norm and clipping", () => _norm.Measure(1.0));
        yield return Switched("AdamW", () => _optimizer.step());
    }

    private void Pass()
    {
        _optimizer.zero_grad();
        _model.Loss(_model.call(_inputs.Ids, _inputs.Mask, _inputs.Types), _inputs.Labels).backward();
    }

    // As many rows as the step has; each weight multiplies once in either pass.
    private void Products(Func<Tensor, Tensor, Tensor?, Tensor> linear, Func<Tensor, Tensor, Tensor> multiply)
    {
        using var noGrad = no_grad();
        foreach (var weight in _weights)
        {
            using var scope = NewDisposeScope();
            _ = multiply(linear(ones(_workload.Batch * _workload.Length, weight.shape[1]), weight, null), weight);
        }
    }

    // Queries, keys and values share their dropout: a layer of six matrices has four.
    private void Masks(bool byKernel)
    {
        using var noGrad = no_grad();
        foreach (var (weight, index) in _weights.Select((weight, index) => (weight, index)))
        {
            if (index % 6 is 1 or 2)
                continue;
            using var scope = NewDisposeScope();
            var rows = ones(_workload.Batch * _workload.Length, weight.shape[1]);
            if (byKernel)
            {
                var mask = DropoutMask.Draw(_workload.Dropout);
                _ = mask.Apply(rows);
                mask.AddTo(rows, mask.Apply(rows));
            }
            else
            {
                var dropped = nn.functional.dropout(rows, _workload.Dropout);
                rows.mul_(dropped);
            }
        }
    }

    private static (string Name, Action Kernel, Action Operations) Switched(string name, Action work) => (name, work, () => ByOperations(work));

    private static void ByOperations(Action work)
    {
        using var operations = new TensorOperations();
        work();
    }

    private static Action Scoped(Action work) => () =>
    {
        using var scope = NewDisposeScope();
        work();
    };
}
